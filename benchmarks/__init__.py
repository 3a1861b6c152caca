"""How fast Kolli is on this machine, right now; figures are worth most as ratios within one run."""
