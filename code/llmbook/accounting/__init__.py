"""Accounting: parameters, bytes and arithmetic, by formula and by count; those of a decoder can be had from here."""

from llmbook.accounting.decoder import (
    PARTS,
    active_parameters,
    count_by_part,
    count_parameters,
    flops_by_part,
    flops_per_token,
    kv_cache_bytes,
    linear_shapes,
    matrix_shapes,
    meta_model,
    norm_count,
    parameters_by_part,
    part_of,
    query_key_norms,
    total_parameters,
    weight_bytes,
)

__all__ = [
    "PARTS",
    "active_parameters",
    "count_by_part",
    "count_parameters",
    "flops_by_part",
    "flops_per_token",
    "kv_cache_bytes",
    "linear_shapes",
    "matrix_shapes",
    "meta_model",
    "norm_count",
    "parameters_by_part",
    "part_of",
    "query_key_norms",
    "total_parameters",
    "weight_bytes",
]
