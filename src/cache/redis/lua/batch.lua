-- What the scripts that change one batch share. KEYS[2] is the ready batch, KEYS[3] the fill under way,
-- KEYS[4] and following are the table indexes of its types. The arguments begin with the batch's types,
-- the prefixes of its index entries, its definition, and its topic in the journal.
local ready, pending = KEYS[2], KEYS[3]
local types, members = list(), list()
local definition, topic = take(), take()
for i, prefix in ipairs(members) do members[i] = prefix .. definition end

-- Takes the batch out of the table index when there is nothing left of it: writers will not find it any
-- more.
local function forget_if_gone()
  if call('EXISTS', ready, pending) > 0 then return end
  for i, ty in ipairs(types) do
    local removed = call('ZREM', KEYS[3 + i], unpack(members))
    if removed > 0 then
      tell(topic)
      call('HINCRBY', meta, 'n:' .. ty, -removed)
    end
  end
end
