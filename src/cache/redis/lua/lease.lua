-- Registers a batch and begins to fill it. Arguments after the batch's: the lease's token, milliseconds that
-- the lease and the indexes live, the maximum numbers of index entries and shapes, and the batch's shape.
-- Answers {epoch, types lost, what}, where what is 'busy'; 'full'; or 'granted', time, generations...
local b = take_batch()
local pending, types, entries = b.pending, b.types, members(b)
local token, lease, life, most_entries, most_shapes = take(), take(), take(), tonumber(take()), tonumber(take())
local shape = '!' .. take()
local now = epoch()
local gens, lost = {}, 0
for i, ty in ipairs(types) do
  lost = lost + check(ty, b.indexes[i])
  gens[i] = generation(ty)
end
local all = table.concat(gens)
if call('HGET', pending, 'g') == all then return { now, lost, 'busy' } end
local known = {}
for i in ipairs(types) do
  local index = b.indexes[i]
  local shapes = call('ZLEXCOUNT', index, '[!', '("')
  local new = 0
  for _, member in ipairs(entries) do
    if not call('ZSCORE', index, member) then new = new + 1 end
  end
  known[i] = call('ZSCORE', index, shape)
  if (new > 0 and call('ZCARD', index) - shapes + new > most_entries)
    or (not known[i] and shapes >= most_shapes) then
    return { now, lost, 'full' }
  end
end
for i, ty in ipairs(types) do
  local args = { 0, shape }
  for _, member in ipairs(entries) do
    args[#args + 1] = 0
    args[#args + 1] = member
  end
  call('HINCRBY', meta, 'n:' .. ty, call('ZADD', b.indexes[i], unpack(args)))
  call('PEXPIRE', b.indexes[i], life)
  if not known[i] then call('HSET', meta, 's:' .. ty, fresh) end
end
local time = latest()
call('DEL', pending)
call('HSET', pending, 'k', token, 't', time, 'g', all)
call('PEXPIRE', pending, lease)
return { now, lost, 'granted', time, unpack(gens) }
