namespace Fettle.Redis;

/// <summary>What a <see cref="RedisReply"/> holds (the RESP3 types; RESP2 uses a subset).</summary>
public enum RedisReplyKind
{
    /// <summary>No value: RESP3 <c>_</c>, RESP2 <c>$-1</c> and <c>*-1</c>.</summary>
    Null,

    /// <summary>A short status text such as <c>OK</c>.</summary>
    Status,

    /// <summary>A server error; thrown as <see cref="RedisServerException"/> unless it is nested in an array.</summary>
    Error,

    /// <summary>A 64-bit integer.</summary>
    Integer,

    /// <summary>A double.</summary>
    Double,

    /// <summary>A boolean.</summary>
    Boolean,

    /// <summary>An integer too large for 64 bits, kept as text.</summary>
    BigNumber,

    /// <summary>Binary-safe bytes.</summary>
    Bulk,

    /// <summary>Bytes that begin with a three-letter format and a colon, such as <c>txt:</c>.</summary>
    Verbatim,

    /// <summary>An ordered list.</summary>
    Array,

    /// <summary>Keys and values in turn: twice as many items as pairs.</summary>
    Map,

    /// <summary>An unordered list.</summary>
    Set,

    /// <summary>A message that no command asked for: an invalidation or a published message.</summary>
    Push,
}
