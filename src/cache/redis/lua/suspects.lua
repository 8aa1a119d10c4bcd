-- Suspects are documents of which a list may still have a row that an earlier write, not yet brought here, has taken
-- out. Those of a type are one field of the meta hash, so they are lost with the epoch or not at all: the latest of their
-- stamps; and for each document the stamp of its write, the length of its name in two bytes, and its name. Without a
-- name they are all documents of the type, up to that stamp. Those that the cache has reached are suspects no more,
-- though they may still be in the field.
local function as_suspect(name, stamp)
  return stamp .. struct.pack('>I2', #name) .. name
end

-- The suspects in a field: their latest stamps by name.
local function suspects(field, reached)
  local latest, at = {}, 33
  if sub(field, 1, 16) <= reached then return latest end
  while at <= #field do
    local stamp, size = sub(field, at, at + 31), struct.unpack('>I2', field, at + 32)
    local name = sub(field, at + 34, at + 33 + size)
    if sub(stamp, 1, 16) > reached and stamp > (latest[name] or '') then latest[name] = stamp end
    at = at + 34 + size
  end
  return latest
end

-- The field with the documents of further changes, within so many bytes.
local function with_suspects(field, reached, changes, most)
  if sub(field, 1, 16) <= reached then field = '' end
  local last, parts = sub(field, 1, 32), { '', sub(field, 33) }
  for i, change in ipairs(changes) do
    if change.stamp > last then last = change.stamp end
    parts[2 + i] = as_suspect(change.name, change.stamp)
  end
  parts[1] = last
  field = table.concat(parts)
  if #field - 32 <= most then return field end
  local left = { last }
  for known, since in pairs(suspects(field, reached)) do left[#left + 1] = as_suspect(known, since) end
  field = table.concat(left)
  if #field - 32 <= most / 2 then return field end
  return last .. as_suspect('', last)
end
