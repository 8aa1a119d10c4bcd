-- Voids types. KEYS[2] and following are their table indexes. Arguments: a time at which the store has
-- changed, and the types. Which documents changed is unknown, so `d:<type>` is a floor for all of them: no
-- late note may restore an older version of one. Answers {epoch}.
local now, time = epoch(), take()
raise('F', time)
for i, ty in ipairs(list()) do
  drop(ty, KEYS[1 + i])
  raise('d:' .. ty, time)
end
return { now }
