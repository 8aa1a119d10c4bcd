-- Removes keys that a clear has voided. KEYS[2] and following are entities, ready batches and partitions. Arguments: `e`,
-- `b` or `h` for each of them. An entity begins with its stamp and generation; a batch's last member and a partition's
-- head end in a generation. Keys of a current generation stay. Answers how many were removed.
local current, removed = {}, 0
local all = call('HGETALL', meta)
for i = 1, #all, 2 do
  if sub(all[i], 1, 2) == 'g:' then current[all[i + 1]] = true end
end
for i = 2, #KEYS do
  local gen
  local kind = take()
  if kind == 'e' then
    gen = redis.pcall('GETRANGE', KEYS[i], 32, 47)
  elseif kind == 'h' then
    local head = redis.pcall('HGET', KEYS[i], 'h')
    gen = type(head) == 'string' and sub(head, -16)
  else
    local last = redis.pcall('ZRANGE', KEYS[i], -1, -1)[1]
    gen = last and sub(last, -16)
  end
  if not gen or not current[gen] then removed = removed + call('UNLINK', KEYS[i]) end
end
return removed
