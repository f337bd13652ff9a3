"""Every exercise of the book with its checks, gathered from the rooms of the pages."""

from llmbook.chapters.dora.costs import checks as dora_costs
from llmbook.chapters.dora.decomposition import checks as dora_decomposition
from llmbook.chapters.dora.decomposition import checks_back as dora_decomposition_back
from llmbook.chapters.dora.decomposition import checks_cases as dora_decomposition_cases
from llmbook.chapters.dora.does_it_help import checks as dora_does_it_help
from llmbook.chapters.dora.does_it_help import checks_fair as dora_does_it_help_fair
from llmbook.chapters.dora.lora import checks as dora_lora
from llmbook.chapters.dora.lora import checks_step as dora_lora_step
from llmbook.chapters.dora.low_rank import checks as dora_low_rank
from llmbook.chapters.dora.practice import checks as dora_practice
from llmbook.chapters.gemma.activations import checks as gemma_activations
from llmbook.chapters.gemma.activations import checks_points as gemma_activations_points
from llmbook.chapters.gemma.assembled import checks as gemma_assembled
from llmbook.chapters.gemma.assembled import checks_prompts as gemma_assembled_prompts
from llmbook.chapters.gemma.counting import checks as gemma_counting
from llmbook.chapters.gemma.counting import checks_audit as gemma_counting_audit
from llmbook.chapters.gemma.embedding import checks as gemma_embedding
from llmbook.chapters.gemma.feedforward import checks as gemma_feedforward
from llmbook.chapters.gemma.norms import checks as gemma_norms
from llmbook.chapters.gemma.norms import checks_share as gemma_norms_share
from llmbook.chapters.olmo.architecture import checks as olmo_architecture
from llmbook.chapters.olmo.assembled import checks as olmo_assembled
from llmbook.chapters.olmo.comparison import checks as olmo_comparison
from llmbook.chapters.olmo.evidence import checks as olmo_evidence
from llmbook.chapters.olmo.one_to_three import checks as olmo_one_to_three
from llmbook.chapters.olmo.positions import checks as olmo_positions
from llmbook.chapters.olmo.pretraining import checks as olmo_pretraining
from llmbook.chapters.olmo.schedule import checks as olmo_schedule
from llmbook.chapters.tiny_titans.cost import checks as tiny_titans_cost
from llmbook.chapters.tiny_titans.fight import checks as tiny_titans_fight
from llmbook.chapters.tiny_titans.fight import checks_work as tiny_titans_fight_work
from llmbook.chapters.tiny_titans.meetings import checks as tiny_titans_meetings
from llmbook.chapters.tiny_titans.meetings import checks_corpus as tiny_titans_corpus
from llmbook.chapters.tiny_titans.mislead import checks as tiny_titans_mislead
from llmbook.chapters.tiny_titans.mislead import checks_agreement as tiny_titans_agreement
from llmbook.chapters.tiny_titans.question import checks_work as tiny_titans_question_work
from llmbook.chapters.tiny_titans.rouge import checks as tiny_titans_rouge
from llmbook.chapters.tiny_titans.rouge import checks_shares as tiny_titans_rouge_shares
from llmbook.chapters.tiny_titans.rouge import checks_work as tiny_titans_rouge_work
from llmbook.chapters.tiny_titans.t5 import checks as tiny_titans_t5
from llmbook.chapters.tiny_titans.truncation import checks as tiny_titans_truncation
from llmbook.chapters.tiny_titans.truncation import checks_work as tiny_titans_truncation_work
from llmbook.exercises.registry import Exercises, collect

EXERCISES: Exercises = collect(
    [
        dora_costs,
        dora_decomposition,
        dora_decomposition_back,
        dora_decomposition_cases,
        dora_does_it_help,
        dora_does_it_help_fair,
        dora_lora,
        dora_lora_step,
        dora_low_rank,
        dora_practice,
        gemma_activations,
        gemma_activations_points,
        gemma_assembled,
        gemma_assembled_prompts,
        gemma_counting,
        gemma_counting_audit,
        gemma_embedding,
        gemma_feedforward,
        gemma_norms,
        gemma_norms_share,
        olmo_architecture,
        olmo_assembled,
        olmo_comparison,
        olmo_evidence,
        olmo_one_to_three,
        olmo_positions,
        olmo_pretraining,
        olmo_schedule,
        tiny_titans_cost,
        tiny_titans_fight,
        tiny_titans_fight_work,
        tiny_titans_meetings,
        tiny_titans_corpus,
        tiny_titans_agreement,
        tiny_titans_mislead,
        tiny_titans_question_work,
        tiny_titans_rouge,
        tiny_titans_rouge_work,
        tiny_titans_rouge_shares,
        tiny_titans_t5,
        tiny_titans_truncation,
        tiny_titans_truncation_work,
    ]
)
"""In the order of the chapters' names, and within a page in the order of the definitions."""
