-- Vouches for the cache. KEYS[2] is the voucher. Arguments: the term's owner, the step before, the place in the store's
-- feed up to which all changes are here, its time, the voucher, and the moment when it ends, in milliseconds.
-- Answers 1; or 0 if the cache is not this term's, or is of an earlier state than the step.
local owner, step, place, applied, voucher, ends = take(), take(), take(), take(), take(), take()
local now = call('HMGET', meta, 'o', 't')
if now[1] ~= owner or now[2] ~= step then return 0 end
raise('F', applied)
raise('R', applied)
call('HSET', meta, 'k', place)
call('PEXPIRE', meta, ARGV[2])
call('SET', KEYS[2], voucher, 'PXAT', ends)
return 1
