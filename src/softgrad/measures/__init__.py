"""How good predictions and fits are, in figures: what the command line, the plots and the report share."""
