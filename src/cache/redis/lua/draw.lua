-- Takes from an account. Arguments: the time of all that may be taken, and of what is to be taken, in nanoseconds.
-- KEYS[2] has the time that is owed, as of a time by this server's clock in microseconds. Answers whether it was given,
-- and what is owed now.
local all, wanted = tonumber(take()), tonumber(take())
local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local owed, as_of = string.match(call('GET', KEYS[2]) or '', '^(%d+):(%d+)$')
if owed then
  -- A clock that has gone back takes no time away.
  owed = math.max(0, owed - math.max(0, now - as_of) * 1000)
else
  owed = 0
end
if owed + wanted > all then return { 0, owed } end
owed = owed + wanted
local life = math.ceil(owed / 1000000) + 1000
call('SET', KEYS[2], string.format('%.0f:%.0f', owed, now), 'PX', string.format('%.0f', life))
return { 1, owed }
