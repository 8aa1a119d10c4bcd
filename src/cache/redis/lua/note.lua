-- Takes note of changes to documents of one type, in their order. KEYS[2] is the type's table index, KEYS[3] and following
-- are the entities. Arguments: the mark taken before the writes, the type, the topic of its counts, the most bytes of
-- suspects, the maximum number of matches, the version of the shape set that the prefixes were made with (`*`: any), the
-- scope of the server, and how many changes; and for each the slot of the floor table, the entity's topic, its name among
-- the suspects (empty: there are none), the change's stamp, its content (empty: not to be kept), 1 if an entity that is
-- not there is not made, milliseconds to live, the reason to void the type in any case (empty: none), and the prefixes.
-- Answers {epoch, types lost, what}, where what is 'noted', and for each change its definitions or why the type was voided;
-- or 'shapes', version, shapes...; or 'scope', and nothing was done, if the cache is of other servers' types.
local index = KEYS[2]
local mark, ty, counts, most_suspects, most = take(), take(), take(), tonumber(take()), tonumber(take())
local version, scope, changes = take(), take(), {}
-- All at once: each call costs about a microsecond.
local asked = { 'i', 'n:' .. ty, 's:' .. ty, 'g:' .. ty, 'F', 'd:' .. ty, 'c', 'R', 'u:' .. ty }
local fixed = #asked
for n = 1, tonumber(take()) do
  local change = { entity = KEYS[2 + n], slot = take(), topic = take(), name = take(), stamp = take() }
  change.content, change.only, change.ttl = take(), take() == '1', take()
  change.void, change.prefixes = take(), list()
  changes[n], asked[fixed + n] = change, change.slot
end
local found = call('HMGET', meta, unpack(asked))
local mark_now, entries, current, gen, last, void_at, cache_scope, reached, suspected = unpack(found, 1, fixed)
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
void_at, reached = void_at or zero, reached or zero
local floors, latest, topics, doubts = {}, last or zero, {}, {}
for n, change in ipairs(changes) do
  local time = sub(change.stamp, 1, 16)
  local floor = floors[change.slot] or found[fixed + n] or zero
  change.seen = time <= floor or time <= void_at
  if time > floor then floors[change.slot] = time end
  if time > latest then latest = time end
  topics[n] = change.topic
  if change.name ~= '' and time > reached then doubts[#doubts + 1] = change end
end
local fields = {}
local function set(field, value)
  fields[#fields + 1], fields[#fields + 2] = field, value
end
for slot, time in pairs(floors) do set(slot, time) end
if latest > (last or zero) then set('F', latest) end
if mark ~= now then
  tell_with(fields, topics)
  drop(ty, index)
  local answer = { now, lost, 'noted' }
  for _ in ipairs(changes) do answer[#answer + 1] = 'mark' end
  return answer
end
if #doubts > 0 then
  set('u:' .. ty, with_suspects(suspected or '', reached, doubts, most_suspects))
  topics[#topics + 1] = counts
end
tell_with(fields, topics)

-- The definitions that a change may concern; or why they are not to be looked for.
local function definitions(change)
  if change.void ~= '' then return change.void end
  local all = {}
  for _, prefix in ipairs(change.prefixes) do
    local left = most - #all
    local some = call('ZRANGEBYLEX', index, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', '0', left + 1)
    if #some > left then return 'matches' end
    for _, member in ipairs(some) do all[#all + 1] = sub(member, #prefix + 1) end
  end
  return all
end

local answer = { now, lost, 'noted' }
for n, change in ipairs(changes) do
  local what = definitions(change)
  if type(what) == 'string' then
    drop(ty, index)
    gen = nil
  end
  gen = gen or generation(ty)
  -- Without a known version, this one may be older than one seen before.
  local old = call('GETRANGE', change.entity, '0', '47')
  local keep = not change.seen
  local cached = old ~= '' and sub(old, 33) == gen
  if cached then keep = change.stamp > sub(old, 1, 32) end
  if keep and change.content ~= '' and (cached or not change.only) then
    call('SET', change.entity, change.stamp .. gen .. change.content, 'PX', change.ttl)
  elseif keep then
    call('UNLINK', change.entity)
  end
  answer[3 + n] = what
end
return answer
