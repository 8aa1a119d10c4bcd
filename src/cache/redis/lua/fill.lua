-- Keeps entities read by a fill. KEYS[2] and following are the entities. Arguments: the floor's time,
-- milliseconds to live; and per entity its type, the generation of the floor, its topic, its slot of the
-- floor table, its version and its content.
local time, ttl = take(), take()
for i = 2, #KEYS do
  local ty, gen, topic, slot, version, content = take(), take(), take(), take(), take(), take()
  local known = call('HMGET', meta, 'g:' .. ty, slot)
  if known[1] == gen and (known[2] or zero) <= time then
    local old = call('GETRANGE', KEYS[i], 0, 47)
    local stamp = time .. version
    local valid = sub(old, 33) == gen
    if not valid or sub(old, 1, 32) < stamp then
      -- An entity that was not cached is not a change: it has not changed since anyone read it.
      if valid then tell(topic) end
      call('SET', KEYS[i], stamp .. gen .. content, 'PX', ttl)
    end
  end
end
return 1
