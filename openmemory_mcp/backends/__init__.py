"""Where memories live, seen from the tool server: one protocol, spoken over REST."""
