"""Inputs drawn at random, in search of one that our code does not bear. scripts/fuzz runs it for as long as wished."""
