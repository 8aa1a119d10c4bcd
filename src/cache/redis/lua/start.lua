-- Gives types their generations. Arguments: the types. Answers the epoch, the latest change and the
-- generations.
local mark = epoch()
local answer = { mark, latest() }
for _, ty in ipairs(list()) do answer[#answer + 1] = generation(ty) end
return answer
