-- Remembers how far the tailer has brought the store's changes. Arguments: the mark of its adoption, so that a hash
-- which has been lost is not begun, and the time up to which all changes are here. In an earlier state than the one
-- that they were brought to, that time does no harm: nobody reads before all changes up to it are brought again.
local mark, time = take(), take()
if call('HGET', meta, 'i') == mark then raise('R', time) end
