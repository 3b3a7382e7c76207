"""The textbook: chapters that derive the theory and check every step by machine.

In order: `notation`, `rbf`, `gaussian_processes`, `arcsine_kernel`, `tangent_kernel`, `mean_predictor`,
`fixed_points`, `chaotic_phase`, `ordered_phase`, `critical_line`, `relu`, `gauss_hermite`, `hermite_expansion`,
`price`, `tanh_line`, `universality`, `convolution`, `flattening_and_pooling`, `dropout`, `skip_connections`,
`layer_normalisation`, `relu_away`, `finite_width`; `steps` holds the checks.  Run a chapter with
``python derivations/NAME.py``: silence means that every step holds.  A chapter's `results` are formulas, by name.
"""
