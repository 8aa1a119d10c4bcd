-- Takes batches of which nothing is left out of the table index. Arguments: how many batches, then those of each.
epoch()
for _ = 1, tonumber(take()) do forget_if_gone(take_batch()) end
