-- A partition is a hash:
--   h        the head: the fill's time, the version, the generations of its types
--   d        the documents of the fill, one after the other; not there when they are too many
--   c<name>  a document that has changed since: the change's stamp and the document, or nothing if it has left
-- A change overrides the fill, and the later of two changes the earlier.

-- Merges a change into a partition whose generation is current. An empty document means that it has none. Answers what
-- was done, and why the partition has to be dropped, if it has.
local function into_partition(key, head, name, stamp, doc, most)
  if call('HEXISTS', key, 'd') == 0 or sub(stamp, 1, 16) <= sub(head, 1, 16) then return 'unchanged' end
  local known = call('HGET', key, 'c' .. name)
  if known and sub(known, 1, 32) >= stamp then return 'unchanged' end
  call('HSET', key, 'c' .. name, stamp .. doc, 'h', sub(head, 1, 16) .. fresh .. sub(head, 33))
  return doc == '' and 'removed' or 'inserted', call('HLEN', key) - 2 > most and 'departed' or nil
end
