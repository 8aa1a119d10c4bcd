-- Gives a lease back. Argument after the batch's: the lease's token.
local b = take_batch()
if call('HGET', b.pending, 'k') == take() then
  call('DEL', b.pending)
  forget_if_gone(b)
end
return 1
