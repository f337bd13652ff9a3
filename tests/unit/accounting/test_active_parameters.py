"""Active parameters of a mixture of experts are those that one token passes through."""

from dataclasses import replace

from llmbook.accounting import active_parameters, meta_model, total_parameters
from llmbook.models import PUBLISHED


def counted_active(config):
    """Every tensor of the built model but those of the experts with a high index."""
    names = [(name.split("."), tensor.numel()) for name, tensor in meta_model(config).named_parameters()]
    return sum(count for name, count in names
               if "experts" not in name or int(name[name.index("experts") + 1]) < config.experts_per_token)


def test_active_parameters_are_those_of_the_module():
    mistral, mixtral = PUBLISHED["mistral-7b"], PUBLISHED["mixtral-8x7b"]
    assert active_parameters(mixtral) == counted_active(mixtral) == 12_879_925_248
    assert active_parameters(mixtral) != round(total_parameters(mixtral) * 2 / 8)  # not a quarter of everything
    assert active_parameters(replace(mixtral, experts_per_token=8)) == total_parameters(mixtral)
    assert active_parameters(mistral) == total_parameters(mistral)
