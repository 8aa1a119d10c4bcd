-- Voids everything. Argument: the server's run id. Afterwards, cached data carries generations that no longer
-- exist; the latest change seen stays.
local seen, server = redis.pcall('HGET', meta, 'F'), take()
if type(seen) ~= 'string' then seen = zero end
call('DEL', meta)
call('HSET', meta, 'i', fresh, 'F', seen, 'r', server)
call('PEXPIRE', meta, ARGV[2])
return { fresh }
