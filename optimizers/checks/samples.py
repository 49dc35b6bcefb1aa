"""Rows on which an expression is tried before it is accepted: plain, empty, long, and of each structure."""

SAMPLES: tuple[tuple[str, str], ...] = (
    ("What are your opening hours in May 2024?", "We are open from 9 to 17, and closed on 1 May."),
    ("", ""),
    ('Give me the totals as JSON: {"orders": 3}', '{"total": 12.5, "items": ["a", "b"], "paid": true}'),
    ("Summarize.", "# Summary\n\n- one\n- two\n\n```py\nx = 1\n```\n\nSee [here](https://example.org)."),
    ("营业时间", "周一至周五9点到17点。"),
    ("a" * 2_000, "a" * 20_000 + "!"),
    ("word " * 1_000, "Word after word. " * 1_500),
)
