"""How real the simulated ECGs look, and how much they know of LV mass; no network, no error in grams.

    reference (real recordings) ─┐
                                 ├─ measures (one table for both) ── compare ── report
    simulated (matched patients) ┘

`population` looks at the label side of a simulated cohort, `sensitivity` at what each physical parameter does.
"""
