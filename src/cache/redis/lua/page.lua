-- Reads one page. KEYS[2] is the batch. Arguments: its types, the row after which the page lies and the row
-- before which it lies (each a list of one or none), offset, limit, 1 to count from the end, 1 when the
-- length of the whole list is wanted, 1 and 1 when the page has to tell whether rows precede and follow it, and 1 when
-- rows of suspects must not be counted unchecked.
-- Answers {0, rows known}; or {2} if there are too many suspects; or {1, rows before the page, rows known, 1 when
-- these are all, from when on the batch is not to be believed (0: always), rows outside the page to be checked like those on it, row members...}.
local set = KEYS[2]
local types, after, before = list(), list()[1], list()[1]
local offset, limit, from_end, total = tonumber(take()), tonumber(take()), take() == '1', take() == '1'
local previous, next, counts = take() == '1', take() == '1', take() == '1'
local h = head(set)
if not h or h.gens ~= generations(types) then return { 0, 0 } end
local known, complete = h.shown, not h.extent
local bounded = complete or (before and within(h, before))
local first = after and call('ZLEXCOUNT', set, '-', '[0' .. after) or 0
local stop = math.max(first, before and call('ZLEXCOUNT', set, '-', '(0' .. before) or known)
local from, to
if from_end then
  to = math.max(first, stop - offset)
  from = math.max(first, to - limit)
else
  from = math.min(stop, first + offset)
  to = math.min(stop, from + limit)
end
-- A page that neither bound of the window cuts off needs a known row after it. So does telling whether the
-- list goes on beyond the extent.
local covered
if bounded then covered = complete or to < known else covered = not from_end and to < stop end
if not covered or (total and not complete) then return { 0, known } end
local unshown = {}
if counts then
  local reached = call('HGET', meta, 'R') or zero
  for _, ty in ipairs(types) do
    for name, stamp in pairs(suspects(call('HGET', meta, 'u:' .. ty) or '', reached)) do
      if is_since_fill(h, name, stamp) then
        if name == '' then return { 2 } end
        local row = earlier_row(set, h)
        if row then unshown[#unshown + 1] = '0' .. row end
      end
    end
  end
end
previous, next = previous and from > 0, next and to < known
local answer = { 1, from, known, complete and 1 or 0, h.expires or 0, unshown }
local low, high = previous and from - 1 or from, next and to or to - 1
if low <= high then
  for i, row in ipairs(call('ZRANGE', set, low, high)) do
    local rank = low + i - 1
    local rows = (rank < from or rank >= to) and unshown or answer
    rows[#rows + 1] = row
  end
end
return answer
