"""The demonstration: made-up data, simulated vendors and all processes, in one terminal."""
