-- Takes the cache over for a term. KEYS[2] is the voucher. Arguments: the term's owner, its scope, and the time that later
-- fills must not read behind if everything is to be voided (empty: nothing is). Answers {epoch}. Nobody reads before the next
-- voucher. The epoch is a new one: this may be an earlier state than the one that marks and places were taken from.
local owner, scope, void = take(), take(), take()
call('DEL', KEYS[2])
if void ~= '' then
  local seen = redis.pcall('HGET', meta, 'F')
  if type(seen) ~= 'string' or seen < void then seen = void end
  call('DEL', meta)
  call('HSET', meta, 'F', seen)
end
call('HSET', meta, 'i', fresh, 'o', owner, 'c', scope)
call('HDEL', meta, 't')
return { epoch() }
