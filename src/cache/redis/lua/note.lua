-- Takes note of one change. KEYS[2] is the entity, KEYS[3] the type's table index. Arguments: the mark taken before the
-- write, the type, the entity's topic, the topic of the type's counts, its name among the suspects (empty: there are
-- none), the most bytes of suspects, the slot of the floor table, the change's stamp, its content (empty: not to be
-- kept), 1 if an entity that is not there is not made, milliseconds to live, the maximum number of matches, the version
-- of the shape set that the prefixes were made with (`*`: any), the reason to void the type in any case (empty: none), the
-- scope of the server, and the prefixes.
-- Answers {epoch, types lost, what}, where what is 'found', definitions...; or 'shapes', version, shapes...;
-- or why the type was voided; or 'scope', and nothing was done, if the cache is of other servers' types.
local entity, index = KEYS[2], KEYS[3]
local mark, ty, topic, counts, name, most_suspects = take(), take(), take(), take(), take(), tonumber(take())
local slot, stamp, content, only, ttl = take(), take(), take(), take() == '1', take()
local most, version, void, scope, prefixes = tonumber(take()), take(), take(), take(), list()
local time = sub(stamp, 1, 16)
-- All at once: each call costs about a microsecond.
local mark_now, entries, current, gen, floor, last, void_at, cache_scope, reached, suspected = unpack(call('HMGET', meta,
  'i', 'n:' .. ty, 's:' .. ty, 'g:' .. ty, slot, 'F', 'd:' .. ty, 'c', 'R', 'u:' .. ty))
local now = epoch(mark_now)
local lost = check(ty, index, entries)
if lost > 0 then current, gen = nil, nil end
current = current or ''
if mark == now and version ~= current and version ~= '*' then
  local answer = { now, lost, 'shapes', current }
  for _, shape in ipairs(call('ZRANGEBYLEX', index, '[!', '("')) do answer[#answer + 1] = sub(shape, 2) end
  return answer
end
if cache_scope and cache_scope ~= scope then return { now, lost, 'scope' } end
floor, reached = floor or zero, reached or zero
local seen = time <= floor or time <= (void_at or zero)
local fields = {}
if time > floor then fields = { slot, time } end
if time > (last or zero) then
  fields[#fields + 1] = 'F'
  fields[#fields + 1] = time
end
if mark ~= now then
  tell_with(fields, topic)
  drop(ty, index)
  return { now, lost, 'mark' }
end
if name ~= '' and time > reached then
  fields[#fields + 1] = 'u:' .. ty
  fields[#fields + 1] = with_suspect(suspected or '', reached, name, stamp, most_suspects)
  tell_with(fields, topic, counts)
else
  tell_with(fields, topic)
end
local answer = { now, lost, 'found' }
for _, prefix in ipairs(prefixes) do
  local left = most - (#answer - 3)
  local found = call('ZRANGEBYLEX', index, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, left + 1)
  if #found > left then
    void = 'matches'
    break
  end
  for _, member in ipairs(found) do answer[#answer + 1] = sub(member, #prefix + 1) end
end
if void ~= '' then
  drop(ty, index)
  answer, gen = { now, lost, void }, nil
end
gen = gen or generation(ty)
-- Without a known version, this one may be older than one seen before.
local old = call('GETRANGE', entity, 0, 47)
local keep = not seen
local cached = old ~= '' and sub(old, 33) == gen
if cached then keep = stamp > sub(old, 1, 32) end
if keep and content ~= '' and (cached or not only) then
  call('SET', entity, stamp .. gen .. content, 'PX', ttl)
elseif keep then
  call('UNLINK', entity)
end
return answer
