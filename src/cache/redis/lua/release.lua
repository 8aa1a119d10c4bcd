-- Gives a lease back. Argument after the batch's: the lease's token.
if call('HGET', pending, 'k') == take() then
  call('DEL', pending)
  forget_if_gone()
end
return 1
