-- Reads the journal. Argument: how many entries are known. Answers {epoch, entries} and 1 with the topics
-- changed since, or 0 when the journal does not reach back so far; without a meta hash, an empty answer.
local since = tonumber(take())
local now = call('HMGET', meta, 'i', 'q')
if not now[1] then return {} end
local number = tonumber(now[2] or 0)
if since > number or number - since > journal_size then return { now[1], number, 0 } end
local answer, fields = { now[1], number, 1 }, {}
for n = since + 1, number do fields[#fields + 1] = 'j' .. n % journal_size end
if #fields > 0 then
  for i, topic in ipairs(call('HMGET', meta, unpack(fields))) do answer[3 + i] = topic end
end
return answer
