"""Letters: which readers they are for, their rows, and the emails that they become."""
