-- Marks this state as one that has all changes which the tailer has brought so far. Arguments: the term's owner, and a
-- number that was never used before. Answers 1, or 0 if the cache is not this term's.
local owner, step = take(), take()
if call('HGET', meta, 'o') ~= owner then return 0 end
call('HSET', meta, 't', step)
return 1
