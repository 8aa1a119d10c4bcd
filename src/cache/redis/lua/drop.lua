-- Voids types. KEYS[2] and following are their table indexes. Arguments: a time at which the store has
-- changed, and the types. Answers {epoch}.
local now = epoch()
raise('F', take())
for i, ty in ipairs(list()) do drop(ty, KEYS[1 + i]) end
return { now }
