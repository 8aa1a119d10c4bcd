-- Reads a partition. KEYS[2] is the partition. Arguments: its types, and the version that the reader has (empty: none).
-- Answers {0} if it is not there, {1} if it is too large, {2} if there are too many suspects; or {3, suspects} if the
-- reader has it already, or {4, suspects, fields and values...}. Suspects are names and stamps, in turn.
local types, known = list(), take()
local head = call('HGET', KEYS[2], 'h')
if not head or sub(head, 33) ~= generations(types) then return { 0 } end
if call('HEXISTS', KEYS[2], 'd') == 0 then return { 1 } end
local time, doubts = sub(head, 1, 16), {}
local reached = call('HGET', meta, 'R') or zero
for _, ty in ipairs(types) do
  for name, stamp in pairs(suspects(call('HGET', meta, 'u:' .. ty) or '', reached)) do
    if sub(stamp, 1, 16) > time then
      if name == '' then return { 2 } end
      doubts[#doubts + 1] = name
      doubts[#doubts + 1] = stamp
    end
  end
end
if sub(head, 17, 32) == known then return { 3, doubts } end
return { 4, doubts, call('HGETALL', KEYS[2]) }
