"""How a text or a model is judged, and how sure that is: ROUGE, BERTScore, agreement, intervals and bootstrap tests."""
