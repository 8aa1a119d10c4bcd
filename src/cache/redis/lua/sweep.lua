-- Removes entries from a table index whose batches are gone. KEYS[2] is the index; KEYS[3] and following are,
-- for each entry, the ready batch and the fill under way. Arguments: the type, '1' to drop batches that are ready and not
-- being filled, the entries and their topics.
-- Also removes shapes without entries. Answers {entries removed, types lost}.
local index, ty, drops, entries, topics = KEYS[2], take(), take() == '1', list(), list()
local lost = check(ty, index)
local removed, shapes = 0, 0
for i, member in ipairs(entries) do
  local ready, pending = KEYS[1 + 2 * i], KEYS[2 + 2 * i]
  if drops and call('EXISTS', pending) == 0 then call('UNLINK', ready) end
  if call('EXISTS', ready, pending) == 0 then
    tell(topics[i])
    removed = removed + call('ZREM', index, member)
  end
end
for _, shape in ipairs(call('ZRANGEBYLEX', index, '[!', '("')) do
  local prefix = sub(shape, 2) .. '|'
  if #call('ZRANGEBYLEX', index, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, 1) == 0 then
    shapes = shapes + call('ZREM', index, shape)
  end
end
if removed + shapes > 0 then call('HINCRBY', meta, 'n:' .. ty, -removed - shapes) end
if shapes > 0 then call('HSET', meta, 's:' .. ty, fresh) end
return { removed, lost }
