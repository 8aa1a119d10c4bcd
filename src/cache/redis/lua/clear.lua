-- Voids everything. Argument: the server's run id. What was cached carries generations that are no
-- more. The latest change seen is forgotten too: a store that was restored does not know it, and every
-- fill that begins now reads what is committed now.
local server = take()
call('DEL', meta)
call('HSET', meta, 'i', fresh, 'F', zero, 'r', server)
call('PEXPIRE', meta, ARGV[2])
return { fresh }
