-- Shared by all writing scripts. KEYS[1] is the meta hash. ARGV[1] is a number that was never used before, as
-- 16 hexadecimal digits; ARGV[2] is how many milliseconds the meta hash lives from now on. Times, stamps and
-- generations are fixed-width lower-case hexadecimal, so they compare as strings.
local call, sub = redis.call, string.sub
local meta, fresh = KEYS[1], ARGV[1]
local zero = '0000000000000000'
local at = 2

-- The next argument, and the next list of arguments (preceded by its length).
local function take()
  at = at + 1
  return ARGV[at]
end
local function list()
  local items = {}
  for i = 1, tonumber(take()) do items[i] = take() end
  return items
end

-- The epoch of the meta hash (`mark`, where that has been read). If there is none, the hash has been lost and everything
-- begins anew.
local function epoch(mark)
  if mark == nil then mark = call('HGET', meta, 'i') end
  if not mark then
    mark = fresh
    call('HSET', meta, 'i', mark)
  end
  call('PEXPIRE', meta, ARGV[2])
  return mark
end

-- The latest change seen.
local function latest()
  return call('HGET', meta, 'F') or zero
end
local function raise(field, time)
  if time > (call('HGET', meta, field) or zero) then call('HSET', meta, field, time) end
end

-- The generation of a type.
local function generation(ty)
  local g = call('HGET', meta, 'g:' .. ty)
  if not g then
    g = fresh
    call('HSET', meta, 'g:' .. ty, g)
  end
  return g
end

-- The generations of types as one string; nil when one of them has none.
local function generations(types)
  local gens = ''
  for _, ty in ipairs(types) do
    local g = call('HGET', meta, 'g:' .. ty)
    if not g then return nil end
    gens = gens .. g
  end
  return gens
end

-- Writes changes to the journal, in the step that makes them, and with them other fields (names and values in turn). `q`
-- counts the entries; the latest ones are in `j<number modulo size>`.
local journal_size = 4096
local function tell_with(fields, topics)
  local before = call('HINCRBY', meta, 'q', #topics) - #topics
  for i, topic in ipairs(topics) do
    fields[#fields + 1] = 'j' .. (before + i) % journal_size
    fields[#fields + 1] = topic
  end
  call('HSET', meta, unpack(fields))
end
local function tell(...)
  tell_with({}, { ... })
end

-- Voids a type.
local function drop(ty, index)
  tell('t:' .. ty)
  call('HSET', meta, 'g:' .. ty, fresh)
  call('HDEL', meta, 's:' .. ty, 'n:' .. ty)
  call('UNLINK', index)
end

-- Voids a type whose table index has lost entries (there should be `entries`, where that has been read) or is not a
-- sorted set: writers would not find its batches. Answers how many types were voided.
local function check(ty, index, entries)
  if entries == nil then entries = call('HGET', meta, 'n:' .. ty) end
  if redis.pcall('ZCARD', index) == tonumber(entries or 0) then return 0 end
  drop(ty, index)
  return 1
end
