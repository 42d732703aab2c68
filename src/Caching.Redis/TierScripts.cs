using Fettle.Redis;

namespace Fettle.Caching.Redis;

/// <summary>
/// What runs on the server in one step. Keys 1 and 2 are always the root (epoch and generations) and the sequence; arguments 1 to 3
/// are the channel, the server's run identifier, and a fresh epoch for the case that there is none.
/// <para>The epoch names one life of the data: if the root is missing (flushed, evicted, a new server), belongs to another run of the
/// server (which may have lost the last second of invalidations), or the sequence begins anew, everything stored before is void.</para>
/// </summary>
internal static class TierScripts
{
    const string Prelude = """
        local root, seqkey, channel = KEYS[1], KEYS[2], ARGV[1]
        local function begin()
          redis.call('DEL', root)
          redis.call('HSET', root, 'e', ARGV[3], 'r', ARGV[2])
          redis.call('PUBLISH', channel, 'E ' .. ARGV[3])
          return ARGV[3]
        end
        local function epoch()
          local r = redis.call('HMGET', root, 'e', 'r')
          if not r[1] or r[2] ~= ARGV[2] then return begin() end
          return r[1]
        end
        local function step()
          local s = redis.call('INCR', seqkey)
          if s == 1 then begin() end
          return s
        end

        """;

    /// <summary>Makes sure there is an epoch and returns the whole root.</summary>
    public static RedisScript Begin { get; } = new(Prelude + """
        epoch()
        if redis.call('EXISTS', seqkey) == 0 then step() end
        return redis.call('HGETALL', root)
        """);

    /// <summary>
    /// Keys 3, 4: entry, lease. Arguments 4, 5: duration in ms, stamp of the entry the caller has seen (0: none; -1: do not look).
    /// Returns token and ownership, or the entry when there is one the caller has not seen. While a set is under way the token is one
    /// under which nothing is stored.
    /// </summary>
    public static RedisScript Lease { get; } = new(Prelude + """
        local e = epoch()
        local head = redis.call('GETRANGE', KEYS[3], 0, 34)
        local seen = tonumber(ARGV[5])
        if seen >= 0 and #head == 35 then
          local stamp = struct.unpack('<d', string.sub(head, 20, 27))
          if string.sub(head, 4, 19) == e and stamp ~= seen then return redis.call('GET', KEYS[3]) end
        end
        local held = redis.call('SET', KEYS[4], '', 'NX', 'PX', ARGV[4], 'GET')
        if held and string.sub(held, 1, 17) == 'S' .. e then return {'-', 0} end
        if held then
          local colon = string.find(held, ':', 1, true)
          if colon and string.sub(held, 1, colon - 1) == e
             and tonumber(string.sub(held, colon + 1)) > tonumber(redis.call('HGET', root, 'g') or '0') then
            return {held, 0}
          end
        end
        local s = step()
        local token = redis.call('HGET', root, 'e') .. ':' .. string.format('%.0f', s)
        redis.call('SET', KEYS[4], token, 'PX', ARGV[4])
        return {token, 1}
        """);

    /// <summary>
    /// The first half of a set: removes the entry and takes a lease of its own, so that neither an earlier load nor an earlier set stores
    /// any more. Keys 3, 4: entry, lease. Argument 4: duration in ms. Returns the token.
    /// </summary>
    public static RedisScript BeginSet { get; } = new(Prelude + """
        epoch()
        local s = step()
        local token = 'S' .. redis.call('HGET', root, 'e') .. ':' .. string.format('%.0f', s)
        redis.call('DEL', KEYS[3])
        redis.call('SET', KEYS[4], token, 'PX', ARGV[4])
        return token
        """);

    /// <summary>
    /// Keys 3, 4: entry, lease. Arguments 4…: token, time to live in ms, category, key, tail of the head, value, tags.
    /// Returns 1 when stored, 0 when the lease is no longer valid.
    /// </summary>
    public static RedisScript Store { get; } = new(Prelude + """
        local e = epoch()
        local token = ARGV[4]
        if redis.call('GET', KEYS[4]) ~= token then return 0 end
        local colon = string.find(token, ':', 1, true)
        if not colon or string.sub(token, colon - 16, colon - 1) ~= e then return 0 end
        local stamp = tonumber(string.sub(token, colon + 1))
        local fields = {'a', 'c:' .. ARGV[6]}
        for i = 10, #ARGV do fields[#fields + 1] = 't:' .. ARGV[i] end
        local first = 1
        while first <= #fields do
          local some = redis.call('HMGET', root, unpack(fields, first, math.min(first + 99, #fields)))
          for i = 1, #some do
            if some[i] and tonumber(some[i]) > stamp then return 0 end
          end
          first = first + 100
        end
        local list = redis.call('HGET', root, 'p:' .. ARGV[6])
        if list then
          for _, one in ipairs(cmsgpack.unpack(list)) do
            if one[1] > stamp and (one[2] ~= 2 or string.sub(ARGV[7], 1, #one[3]) == one[3]) then return 0 end
          end
        end
        local now = redis.call('TIME')
        local expiry = now[1] * 1000 + math.floor(now[2] / 1000) + tonumber(ARGV[5])
        redis.call('SET', KEYS[3], 'FT\1' .. e .. struct.pack('<dd', stamp, expiry) .. ARGV[8] .. ARGV[9], 'PX', ARGV[5])
        redis.call('DEL', KEYS[4])
        redis.call('EXISTS', KEYS[3])
        return 1
        """);

    /// <summary>
    /// Keys 3…: entry and lease of each removed key. Arguments 4, 5: this node, most generations; then kind, category and argument of
    /// each invalidation (kinds as in <see cref="InvalidationKind"/>).
    /// </summary>
    public static RedisScript Invalidate { get; } = new(Prelude + """
        epoch()
        local function tell(s, kind, category, argument)
          redis.call('PUBLISH', channel, 'I ' .. string.format('%.0f', s) .. ' ' .. kind .. ' ' .. #category .. ' ' .. ARGV[4] .. '\n' .. category .. argument)
        end
        local k = 3
        for i = 6, #ARGV, 3 do
          local kind, category, argument = ARGV[i], ARGV[i + 1], ARGV[i + 2]
          local s = step()
          if kind == '0' then
            redis.call('DEL', KEYS[k], KEYS[k + 1])
            k = k + 2
          else
            if kind == '1' then
              redis.call('HSET', root, 't:' .. argument, string.format('%.0f', s))
            elseif kind == '4' then
              redis.call('HSET', root, 'c:' .. category, string.format('%.0f', s))
            elseif kind == '5' then
              redis.call('HSET', root, 'a', string.format('%.0f', s))
            else
              local packed = redis.call('HGET', root, 'p:' .. category)
              local list = packed and cmsgpack.unpack(packed) or {}
              for j = #list, 1, -1 do
                if list[j][2] == tonumber(kind) and list[j][3] == argument then table.remove(list, j) end
              end
              list[#list + 1] = {s, tonumber(kind), argument}
              if #list > 64 then
                -- The oldest is forgotten by treating the whole category as removed at its time.
                if list[1][1] > tonumber(redis.call('HGET', root, 'c:' .. category) or '0') then
                  redis.call('HSET', root, 'c:' .. category, string.format('%.0f', list[1][1]))
                end
                tell(list[1][1], '4', category, '')
                table.remove(list, 1)
              end
              redis.call('HSET', root, 'p:' .. category, cmsgpack.pack(list))
            end
            redis.call('HSET', root, 'g', string.format('%.0f', s))
          end
          tell(s, kind, category, argument)
        end
        if redis.call('HLEN', root) > tonumber(ARGV[5]) then
          local s = string.format('%.0f', step())
          local e = redis.call('HGET', root, 'e')
          redis.call('DEL', root)
          redis.call('HSET', root, 'e', e, 'r', ARGV[2], 'a', s, 'g', s)
          tell(tonumber(s), '5', '', '')
        end
        return 1
        """);
}
