-- Shared by the scripts that change batches. KEYS[2] and following are, for each batch, the ready batch, the
-- fill under way, and the table indexes of its types. The arguments are, for each batch, its types, the
-- prefixes of its index entries, its definition, and its topic in the journal.
local key = 1
local function take_key()
  key = key + 1
  return KEYS[key]
end

-- Takes the next batch from the keys and arguments.
local function take_batch()
  local b = { ready = take_key(), pending = take_key(), types = list(), prefixes = list(), indexes = {} }
  b.definition, b.topic = take(), take()
  for i in ipairs(b.types) do b.indexes[i] = take_key() end
  return b
end

-- The batch's entries in the table index.
local function members(b)
  local entries = {}
  for i, prefix in ipairs(b.prefixes) do entries[i] = prefix .. b.definition end
  return entries
end

-- Takes a batch out of the table index once nothing is left of it; writers will no longer find it.
local function forget_if_gone(b)
  if call('EXISTS', b.ready, b.pending) > 0 then return end
  local entries = members(b)
  for i, ty in ipairs(b.types) do
    local removed = call('ZREM', b.indexes[i], unpack(entries))
    if removed > 0 then
      tell(b.topic)
      call('HINCRBY', meta, 'n:' .. ty, -removed)
    end
  end
end
