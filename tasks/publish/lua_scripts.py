"""The atomic steps, as Lua scripts over the small keys of one family (one slot of a cluster).

Fencing (Kleppmann 2016, "How to do distributed locking"): a load, a sweep and a rollback each begin
by drawing a number that only grows. A load is named by its number, so that no two processes ever
write under one name; the pointer only moves to a higher number than the one it has.
"""

CLAIM = """-- KEYS fence, claims, loads; ARGV generation, entry. Returns the new load and its fence
local fence = redis.call('INCR', KEYS[1])
local load = ARGV[1] .. '.' .. fence
redis.call('HSET', KEYS[2], load, fence)
redis.call('HSET', KEYS[3], load, ARGV[2])
return {load, fence}
"""

RECLAIM = """-- KEYS fence, claims, manifest; ARGV load
-- Returns the fence, or 0 when the load is not whole any more
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
local fence = redis.call('INCR', KEYS[1])
redis.call('HSET', KEYS[2], ARGV[1], fence)
return fence
"""

FINISH = """-- KEYS claims, loads, manifest; ARGV load, fence, entry, field, value, …
-- Returns 0 when the claim is lost
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], unpack(ARGV, 4))
return 1
"""

VERIFIED = """-- KEYS manifest; ARGV when. Returns 0 when the load is not whole any more
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'verified', ARGV[1])
return 1
"""

GO_LIVE = """-- KEYS live, claims, manifest, audit
-- ARGV load, generation, day, version, store, since, by, why, audit length
local whole = redis.call('HMGET', KEYS[3], 'load', 'verified')
if not whole[1] then return {'absent'} end
if not whole[2] then return {'unverified'} end
local live = redis.call('HMGET', KEYS[1], 'load', 'fence', 'day', 'by', 'previous',
                        'generation', 'previous_load')
local fence = redis.call('HGET', KEYS[2], ARGV[1])
if live[1] == ARGV[1] then
  if tonumber(fence) > tonumber(live[2]) then redis.call('HSET', KEYS[1], 'fence', fence) end
  return {'live', live[5] or '', fence, 'already'}
end
if live[1] and tonumber(fence) <= tonumber(live[2]) then
  return {'older', live[6], live[2], live[4], fence}
end
if live[1] and ARGV[3] < live[3] then return {'day', live[6], live[3]} end
local previous, previous_load = live[6] or '', live[1] or ''
if previous == ARGV[2] then previous, previous_load = live[5], live[7] end
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'load', ARGV[1], 'fence', fence,
           'previous', previous, 'previous_load', previous_load, 'day', ARGV[3],
           'version', ARGV[4], 'store', ARGV[5], 'since', ARGV[6], 'by', ARGV[7], 'why', ARGV[8],
           'ticket', '')
redis.call('LPUSH', KEYS[4], cjson.encode({event = 'go_live', from = live[6] or '', to = ARGV[2],
           fence = tonumber(fence), at = tonumber(ARGV[6]), by = ARGV[7], why = ARGV[8]}))
redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[9]) - 1)
return {'live', previous, fence, 'now'}
"""

ROLL_BACK = """-- KEYS live, claims, manifest, audit, fence
-- ARGV load, generation, expected live load, day, version, store, since, by, why, ticket,
-- audit length
local live = redis.call('HMGET', KEYS[1], 'load', 'generation')
if live[1] ~= ARGV[3] then return {'moved', live[2] or ''} end
if redis.call('EXISTS', KEYS[3]) == 0 then return {'absent'} end
local fence = redis.call('INCR', KEYS[5])
redis.call('HSET', KEYS[2], ARGV[1], fence)
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'load', ARGV[1], 'fence', fence,
           'previous', live[2], 'previous_load', live[1], 'day', ARGV[4], 'version', ARGV[5],
           'store', ARGV[6], 'since', ARGV[7], 'by', ARGV[8], 'why', ARGV[9], 'ticket', ARGV[10])
redis.call('LPUSH', KEYS[4], cjson.encode({event = 'rollback', from = live[2], to = ARGV[2],
           fence = fence, at = tonumber(ARGV[7]), by = ARGV[8], why = ARGV[9]}))
redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[11]) - 1)
return {'live', live[2], tostring(fence)}
"""

RETIRE = """-- KEYS live, claims, loads, manifest, fence
-- ARGV load, now, seconds after which a newer one is given up,
-- seconds for which a loader may still be sending
local live = redis.call('HMGET', KEYS[1], 'load', 'previous_load', 'fence')
if ARGV[1] == live[1] then return {'live'} end
if ARGV[1] == live[2] then return {'previous'} end
local text = redis.call('HGET', KEYS[3], ARGV[1])
if not text then return {'gone'} end
local entry = cjson.decode(text)
local claim = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
local doomed = live[3] and claim < tonumber(live[3])
local abandoned = tonumber(ARGV[2]) - entry.started > tonumber(ARGV[3])
if entry.state ~= 'deleting' and not doomed and not abandoned then return {'on its way'} end
local fence = redis.call('INCR', KEYS[5])
redis.call('DEL', KEYS[4])
redis.call('HSET', KEYS[2], ARGV[1], fence)
if entry.state == 'loading' then entry.watched_until = tonumber(ARGV[2]) + tonumber(ARGV[4]) end
entry.state = 'deleting'
redis.call('HSET', KEYS[3], ARGV[1], cjson.encode(entry))
return {'retired', tostring(fence), cjson.encode(entry)}
"""
