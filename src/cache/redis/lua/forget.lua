-- Takes batches out of the table index of which nothing is left. Argument: how many batches; then those of each.
epoch()
for _ = 1, tonumber(take()) do forget_if_gone(take_batch()) end
