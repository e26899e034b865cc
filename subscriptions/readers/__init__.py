"""What readers do: come, choose, rate, submit, move, leave, and take their data along."""
