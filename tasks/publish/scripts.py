"""The steps that must be atomic, as Lua scripts over the small keys of one family (one slot of a cluster).

Fencing (Kleppmann 2016, "How to do distributed locking"): whoever starts to load, sweep or roll back draws a number that only
grows and claims a generation with it. Keys of a generation are written only under its newest claim, and the pointer only moves to
a higher number.
"""

CLAIM = """-- KEYS fence, claims, generations; ARGV generation, entry. Returns the fence
local fence = redis.call('INCR', KEYS[1])
redis.call('HSET', KEYS[2], ARGV[1], fence)
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
return fence
"""

CLEAR = """-- KEYS live, manifest; ARGV generation. Returns 1, or 0 when readers may be reading it
local live = redis.call('HMGET', KEYS[1], 'generation', 'previous')
if live[1] == ARGV[1] or live[2] == ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
return 1
"""

FINISH = """-- KEYS claims, generations, manifest; ARGV generation, fence, entry, field, value, … Returns 0 when the claim is lost
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], unpack(ARGV, 4))
return 1
"""

GO_LIVE = """-- KEYS live, claims, manifest, audit; ARGV generation, day, version, store, since, by, why, audit length
local whole = redis.call('HMGET', KEYS[3], 'generation', 'verified')
if not whole[1] then return {'absent'} end
if not whole[2] then return {'unverified'} end
local live = redis.call('HMGET', KEYS[1], 'generation', 'fence', 'day', 'by', 'previous')
local fence = redis.call('HGET', KEYS[2], ARGV[1])
if live[1] == ARGV[1] then return {'live', live[5] or '', live[2], 'already'} end
if live[1] and tonumber(fence) <= tonumber(live[2]) then return {'older', live[1], live[2], live[4], fence} end
if live[1] and ARGV[2] < live[3] then return {'day', live[1], live[3]} end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'fence', fence, 'previous', live[1] or '', 'day', ARGV[2], 'version', ARGV[3],
           'store', ARGV[4], 'since', ARGV[5], 'by', ARGV[6], 'why', ARGV[7], 'ticket', '')
redis.call('LPUSH', KEYS[4], cjson.encode({event = 'go_live', from = live[1] or '', to = ARGV[1], fence = tonumber(fence),
           at = tonumber(ARGV[5]), by = ARGV[6], why = ARGV[7]}))
redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[8]) - 1)
return {'live', live[1] or '', fence, 'now'}
"""

ROLL_BACK = """-- KEYS live, claims, manifest, audit, fence
-- ARGV to, expected live, day, version, store, since, by, why, ticket, audit length
local live = redis.call('HGET', KEYS[1], 'generation')
if live ~= ARGV[2] then return {'moved', live or ''} end
if redis.call('EXISTS', KEYS[3]) == 0 then return {'absent'} end
local fence = redis.call('INCR', KEYS[5])
redis.call('HSET', KEYS[2], ARGV[1], fence)
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'fence', fence, 'previous', live, 'day', ARGV[3], 'version', ARGV[4],
           'store', ARGV[5], 'since', ARGV[6], 'by', ARGV[7], 'why', ARGV[8], 'ticket', ARGV[9])
redis.call('LPUSH', KEYS[4], cjson.encode({event = 'rollback', from = live, to = ARGV[1], fence = fence,
           at = tonumber(ARGV[6]), by = ARGV[7], why = ARGV[8]}))
redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[10]) - 1)
return {'live', live, tostring(fence)}
"""

RETIRE = """-- KEYS live, claims, generations, manifest, fence; ARGV generation, now, seconds after which a newer one is given up
local live = redis.call('HMGET', KEYS[1], 'generation', 'previous', 'fence')
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
entry.state = 'deleting'
redis.call('HSET', KEYS[3], ARGV[1], cjson.encode(entry))
return {'retired', tostring(fence), text}
"""
