"""How fast kappa rises with each label, by what is labelled next. All of it in simulated worlds."""
