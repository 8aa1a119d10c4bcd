-- Suspects are documents of which a list may still have a row that an earlier write, not yet brought here, has taken
-- out. Those of a type are one field of the meta hash, so they are lost with the epoch or not at all: for each, the
-- stamp of its latest write, the length of its name in two bytes, and its name. Without a name they are all documents
-- of the type, up to that stamp. Those that the tailer has reached are suspects no more, though still in the field.
local function as_suspect(name, stamp)
  return stamp .. struct.pack('>I2', #name) .. name
end

-- The suspects in a field: their latest stamps by name.
local function suspects(field, reached)
  local latest, at = {}, 1
  while at <= #field do
    local stamp, size = sub(field, at, at + 31), struct.unpack('>I2', field, at + 32)
    local name = sub(field, at + 34, at + 33 + size)
    if sub(stamp, 1, 16) > reached and stamp > (latest[name] or '') then latest[name] = stamp end
    at = at + 34 + size
  end
  return latest
end
