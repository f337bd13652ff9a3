"""The worked examples of the tasks, a line for each: an expression over the solutions of a chapter that holds."""

EXAMPLES = {"gemma": """
cache_bytes(1, 4, 1, 2, 3, 2) == 24 and key_head(2, 4, 2) == 1
count_parameters(10, 4, 1, 1, 1, 4, 6, True) == 188 and count_parameters(10, 4, 1, 1, 1, 4, 6, False) == 228
find_width(188, 10, 1, 1, 1, 4, 6) == 4
[audit(total, [10, 12], 4, 1, 1, 1, 4, [12, 6]) for total in (188, 189)] == [(10, 6, True), None]
near(my_gelu(torch.tensor([0.0, 1, -1])), [0, 0.8412, -0.1588]) and near(silu_slope(torch.tensor([0.0])), [0.5])
near(torch.tensor(worst_place(torch.tensor([0.0, 1, 2]))), [1, 0.00015])
2.0 not in telling_points() and len(telling_points()) <= 3
matched(12, 4) == 8 and matched(15, 4) == 12
near(geglu(torch.tensor([2.0]), *torch.tensor([0.5, 3, 10]).reshape(3, 1, 1)) / 100, [0.5047])
[half.tolist() for half in unfuse(torch.tensor([[1], [2], [3], [4]]))] == [[[3], [4]], [[1], [2]]]
near(torch.stack(half_gradients(*torch.tensor([0.0, 3, 10]))), [15, 0])
near(gemma_norm(torch.tensor([3.0, 4]), torch.zeros(2), 0), [0.8485, 1.1314])
near(gemma_norm(torch.tensor([3.0, 4]), torch.tensor([1.0, 0]), 0), [1.6971, 1.1314])
near(torch.tensor([gain_after(2, 0.5, 0.2, 1, kind) for kind in (False, True)]), [1.8, 1.9])
all(near(add_sublayer(torch.ones(2), torch.zeros(2, 2), place), [1, 1]) for place in ("pre", "post", "both"))
all(near(add_sublayer(torch.full((2,), 2.0), torch.zeros(2, 2), place), [2, 2]) for place in ("pre", "both"))
near(add_sublayer(torch.full((2,), 2.0), torch.zeros(2, 2), "post"), [1, 1])
[round(predicted_share(place, 1, 1), 4) for place in ("pre", "both", "post")] == [0.7071] * 3
one_hot(torch.tensor([[1, -1]]), 3).tolist() == [[[0, 1, 0], [0, 0, 0]]]
tied_logits(torch.tensor([[1]]), torch.tensor([[1.0, 2, 3, 4], [0, 1, 0, 1]])).tolist() == [[[12, 4]]]
scaled_rows(torch.tensor([[1]]), torch.tensor([[1.0, 2, 3, 4], [0, 1, 0, 1]])).tolist() == [[[0, 2, 0, 2]]]
len(prompts(2)) <= 4 and [2, 5] not in prompts(2)
mask(2, 3).tolist() == [[True, True, False], [True, True, True]]
keep_top_p(torch.tensor([0.125, 0.5, 0.0625, 0.3125]), 0.7).tolist() == [False, True, False, True]
near(rotate(torch.tensor([[1.0, 0]]), torch.tensor([1]), 10000), [[0.5403, 0.8415]])
""", "olmo": """
[part.item() for part in fold(*torch.tensor([2.0, 3]).reshape(2, 1), torch.tensor([[5.0]]), 7)] == [10, 22]
near(norm_gradient(torch.tensor([[1.0, 3]]), torch.tensor([[1.0, 0]]), 3), [[0.1875, -0.1875]])
to_half_split(torch.tensor([[1], [2], [3], [4]]), 1).tolist() == [[1], [3], [2], [4]]
allowed_pairs(4, 2) == 7
near(route(torch.tensor([[0.0, 2, -5, 2]]), 2), [[0, 0.5, 0, 0.5]])
[part.tolist() for part in split(torch.tensor([[1], [2], [3], [4]]), 2, 1)] == [[[1], [2]], [[3]], [[4]]]
near(torch.stack(adamw(*torch.tensor([1.0, 4, 0, 0]), 1, 0.1, 0.5)), [0.85, 0.4, 0.8])
pack([[5, 6], [7, 8, 9]], 0, 2).tolist() == [[5, 6, 0], [7, 8, 9]]
find_events([5, 4, 3, 9, 8, 3], 3, 3) == [[3, 2]]
benchmarks_needed(0) == 6
near(token_probabilities(torch.tensor([1.0, 1, 9]), 2), [0.5, 0.5, 0])
near((lambda a, b: torch.nn.functional.silu(a) * b)(*torch.tensor(gate_test_pairs()).T), [-0.2689, 0.2689])
abs(choose_base(4, 63, 1) - 100.5) < 0.05
misprinted([{"model": "a", "rows": 3, "length": 10**6, "printed": 2}]) == ["a"] and \
    misprinted([{"model": "a", "rows": 3, "length": 10**6, "printed": 3}]) == []
near(torch.round(accumulate([torch.tensor([3.0, 4]), torch.tensor([3.0, 0])], [1, 3], 2), decimals=3), [1.897, 0.632])
near(torch.tensor(choose_peak(0.475, 0.5, 1, 2)), 1)
near(torch.round(torch.tensor(best_baseline([0, 1, 0, 1, 0], [0, 1, 0, 1], 2)), decimals=3), [1, 0.288])
answer([7, 8, 5, 6, 0, 4], 2, 0) == [5, 6]
layers_until(1, 1, 4) == 8
""", "dora": """
largest_rank(4, 3) == 1 and best_error(torch.tensor([12.0, 4, 3]), 1) == 5
[largest_update_rank(2, 3, 8, 10, steps) for steps in (1, 2)] == [6, 8]
[trained_numbers([(3, 2)], 1, magnitudes) for magnitudes in (False, True)] == [5, 8]
start(4, 3, 2)[0].abs().max() <= 0.5 and start(4, 3, 2)[1].tolist() == [[0, 0]] * 3
[part.item() for part in lora_gradients(*torch.tensor([2.0, 3, 5, 7]).reshape(4, 1, 1), 0.5)] == [21, 15]
(lambda A, B, alpha: near(alpha / 2 * B @ A, [[30]]))(*grow(torch.tensor([[5.0]]), torch.tensor([[3.0]]), 2, 2))
[first_change(*torch.tensor([2.0, 3, 5]).reshape(3, 1)[:2], torch.tensor([[5.0]]), 0.5, 0.1, kind).item() \
    for kind in ("sgd", "adam")] == [-7.5, -0.5]
near(dora_weight(*row, torch.tensor([26.0]), 1), [[10, 24]])
near(dora_forward(torch.ones(1, 2), row[0], torch.ones(1), *row[1:], torch.tensor([26.0]), 1), [[35]])
near(torch.cat([g.flatten() for g in dora_gradients(torch.ones(1, 2), *row, torch.tensor([26.0]), 1, True)]), \
    [4, 4, 10, 1.3077])
near(torch.cat([g.flatten() for g in dora_gradients(torch.ones(1, 2), *row, torch.tensor([26.0]), 1, False)]), \
    [1.9882, -0.8284, -0.6627, 1.3077])
near(row_norms(torch.tensor([25.0]), *torch.tensor([19.0, 17, 2]).reshape(3, 1, 1), 1), [13])
near(unmerge(torch.tensor([[10.0, 24]]), *row[1:], torch.tensor([26.0]), 1, torch.tensor([13.0])), [[3, 4]])
near(torch.stack(changes(torch.tensor([[3.0, 4], [0, 2]]), torch.tensor([[6.0, 8], [2, 0]]))), [2.5, 0.5])
len(cases()) <= 3 and all(s != 1 and torch.tensor(B).any() for *_, B, _, s in cases())
near(torch.tensor(compare_fairly([{"method": method, "rate": rate, "seed": seed, "loss": loss} \
    for method, found in (("LoRA", (0.5, 0.6, 0.7, 0.4)), ("DoRA", (0.8, 0.3, 0.6, 0.5))) \
    for (rate, seed), loss in zip(((0.1, 0), (0.1, 1), (0.2, 0), (0.2, 1)), found)], [0], [1])), [0.1, 0.2, -0.1, 1])
carrier({"a": 5, "b": 9, "c": 1}, {"a": 4, "b": 2, "c": 0}) == ("b", 1)
[step_flops(1, 2, 3, 1, kind) for kind in ("frozen", "full", "lora")] == [24, 36, 54]
[fewest_tokens(2, 3, 1, 10, way) for way in ("low-rank", "identity")] == [5, 4]
[merge(torch.ones(1, 1).bfloat16(), torch.ones(1, 1), torch.tensor([[u]]), 1).item() for u in (0.01, 0.001)] \
    == [1.0078125, 1]
[part.tolist() for part in quantize(torch.tensor([0.5, -2, 1.5]), torch.tensor([-1.0, 0, 1]))] == [[1, 0, 2], 2]
bits_per_weight(32, False) == 5 and round(bits_per_weight(32, True), 4) == 4.2539
""", "tiny-titans": """
names_off([("a", "2B", 2_500_000_000), ("b", "2x3B", 4_000_000_000)], 0.1) == ["b", "a"]
names_off([("a", "2B", 2_500_000_000), ("b", "2x3B", 4_000_000_000)], 0.2) == ["b"]
round(stuck_scores(3, 2)[0], 4) == 0.6667 and rouge_scores("the plan", "the the")["rouge1"].fmeasure == 0.5
meetings_needed([-0.5, 0, 0.5], 0.25) == 16
[round(number, 4) for number in audit_lengths([100, 300, 800], 1, 200, 1, 2)] == [2, 0.3333, 0.4167]
near(torch.tensor(three_shares(6, 7, 10)), [0.6, 0.8571, 0.7059]) and three_shares(0, 0, 0) == (0, 0, 0)
shared_ngrams("the plan the plan".split(), "the plan and the plan the plan".split(), 2) == 3
subsequence_length("ana writes the plan".split(), "the plan that ana writes".split()) == 2
subsequence_length("may ana writes".split(), "ana writes in may".split()) == 2
union_of_places([["the", "plan", "is", word] for word in ("late", "good")], [[[0, 1, 2, 3]], [[0, 1, 2]]], \
    [["the", "plan", "is", "late"]]) == 4
best_of_each([[[0.9, 0.45, 0.6], [0.3, 0.3, 0.3]], [[0.5, 0.5, 0.5], [0.4, 0.4, 0.4]]]) == \
    [[0.9, 0.45, 0.6], [0.4, 0.4, 0.4]]
judge_line({"call the landlord": ("Tara", "Friday")}, "Tara will call the landlord by Friday.") == "true"
judge_line({"call the landlord": ("Tara", "Friday")}, "Ben will call the landlord by Friday.") == "wrong"
judge_line({"call the landlord": ("Tara", "Friday")}, "Call the landlord!") == "unread"
near(torch.stack(greedy_match(torch.tensor([[0.8, 0.2]]), torch.ones(1), torch.ones(2)))[:2], [0.5, 0.8])
round(kappa(list("ggggggbbgb"), list("ggggggbbbg")), 3) == 0.524
bucket_of(-3, 8, 8, True) == 2 and bucket_of(4, 8, 8, True) == 7
decoder_input(torch.tensor([[17, 9, 1, -100, -100]]), 0, 0).tolist() == [[0, 17, 9, 1, 0]]
block_parameters(4, 1, 3, 10, False, False) == 136
[part.tolist() for part in beam_step(torch.tensor([0.55, 0.45]).log(), \
    torch.tensor([[0.4, 0.35, 0.25], [0.9, 0.1, 0]]).log())[:2]] == [[1, 0], [0, 0]]
lead([("Ada", "Hello."), ("Ben", "Hi.")], 1) == "Ada: Hello."
is_kept(["questions", "9"], "We got 9 questions.") and not is_kept(["questions", "9"], "We got 90 questions.")
split([("a", "short"), ("a", "long"), ("b", "long")], 1 / 2, 0)[1] in ([("a", "short"), ("a", "long")], [("b", "long")])
labels_of([[5, 6, 7], [8]], 3).tolist() == [[5, 6, 1], [8, 1, -100]]
cache_bytes(1, 1, 4, 10, 2, 1, 2) == 192 and price_of_a_thousand(7.2, 2, 4) == 1
[round(float(number), 4) for number in lead_of(np.array([[0.4, 0.6, 0.5], [0.6, 0.6, 0.7]]), \
    np.array([[0.4, 0.6, 0.4]]))] == [0.1, 0.0577]
effects([[1, 6], [4, 7]]) == (4, 2, 2)
[kept_at_most(3, [5, 4, 6], [0, 1, 1, 2], context) for context in (12, 13)] == [1, 3]
pieces_needed(3, [5, 4, 6], 13) == 2
at_least([(100, 4), (5, 6)], 10, 2) == 13 and paying_batch(2, 6, 1, 1000, 1) == 4
"""}
