-- Brings batches in line with changes. KEYS[2] and following are, for each batch, the ready batch and the fill under
-- way. Arguments: the mark; the maximum numbers of hidden states, rows and deltas; how many batches; and for each its
-- types, separated by commas; its topic in the journal; `l` for a list or `p` for a partition, as a capital when the row
-- is not to be kept; when the document expires (empty: never); the row (of a partition, the document; empty: none); and
-- the document's name and the stamp, or instead of both an empty name: those of the batch before. Answers the epoch; for
-- each batch what was done (if it was dropped, the reason); and last the positions of the batches of which nothing is left,
-- whose entries in the table index are to be forgotten.
local mark, most_hidden, most_rows, most_deltas = take(), tonumber(take()), tonumber(take()), tonumber(take())
local now = epoch()

-- Merges a change into the ready batch. Returns what was done and, if the batch was dropped, why.
local function into_ready(b, gens, refused, name, stamp, row, expires)
  local h = head(b.ready)
  if not h or h.gens ~= gens then
    call('UNLINK', b.ready)
    return nil
  end
  local done, dropped = nil, refused
  if not dropped then
    done = merge(b.ready, h, name, stamp, row, expires)
    if h.hidden > most_hidden then dropped = 'departed'
    elseif done == 'inserted' and h.shown > most_rows then dropped = 'rows' end
  end
  if dropped then call('UNLINK', b.ready) elseif h.changed then put_head(b.ready, h) end
  return done, dropped
end

-- The same for a partition.
local function into_ready_partition(b, gens, refused, name, stamp, doc)
  local head = call('HGET', b.ready, 'h')
  if not head or sub(head, 33) ~= gens then
    call('UNLINK', b.ready)
    return nil
  end
  local done, dropped = nil, refused
  if not dropped then done, dropped = into_partition(b.ready, head, name, stamp, doc, most_hidden) end
  if dropped then call('UNLINK', b.ready) end
  return done, dropped
end

-- Leaves a delta for the fill under way.
local function into_pending(b, gens, refused, name, stamp, row, expires)
  local lease = call('HMGET', b.pending, 't', 'g', 'u')
  if not lease[2] then return nil end
  if lease[2] ~= gens then
    call('DEL', b.pending)
    return nil
  end
  local dropped = refused
  if not dropped and sub(stamp, 1, 16) > lease[1] then
    local known = call('HGET', b.pending, 'd' .. name)
    if not known or sub(known, 1, 32) < stamp then
      call('HSET', b.pending, 'd' .. name, stamp .. row)
      local first = earlier(expires, tonumber(lease[3] or ''))
      if first then call('HSET', b.pending, 'u', string.format('%.0f', first)) end
      if call('HLEN', b.pending) - (first and 4 or 3) > most_deltas then dropped = 'deltas' end
    end
  end
  if dropped then call('DEL', b.pending) end
  return 'deferred', dropped
end

-- The generations of types that are separated by commas; empty when one of them has none.
local known = {}
local function generations_of(types)
  if not known[types] then
    local names = {}
    for ty in string.gmatch(types, '[^,]+') do names[#names + 1] = ty end
    known[types] = generations(names) or ''
  end
  return known[types]
end

local told, gone, name, stamp = {}, {}, nil, nil
local answer, batches = { now }, tonumber(take())
-- Fills are rare, so one question for all batches tells whether any is under way.
local fills = {}
for n = 1, batches do fills[n] = KEYS[1 + 2 * n] end
local filling = batches > 0 and call('EXISTS', unpack(fills)) > 0
for n = 1, batches do
  local b = { ready = take_key(), pending = take_key() }
  local gens, topic, kind, expires, row = generations_of(take()), take(), take(), tonumber(take()), take()
  local named = take()
  if named ~= '' then name, stamp = named, take() end
  local refused = mark ~= now and 'mark' or (kind == 'L' or kind == 'P') and 'row_key'
  local into = (kind == 'p' or kind == 'P') and into_ready_partition or into_ready
  local done, dropped = into(b, gens, refused, name, stamp, row, expires)
  local left, lost
  if filling then left, lost = into_pending(b, gens, refused, name, stamp, row, expires) end
  if dropped or done ~= 'unchanged' then told[#told + 1] = topic end
  if (dropped or not done) and call('EXISTS', b.ready, b.pending) == 0 then gone[#gone + 1] = n end
  answer[n + 1] = dropped or done or lost or left or 'absent'
end
if #told > 0 then tell_with({}, told) end
answer[#answer + 1] = gone
return answer
