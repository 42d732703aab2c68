namespace Fettle.Redis.Connection;

/// <summary>Two commands sent as one entry of the line: what the server may answer to the first.</summary>
internal enum Prelude
{
    /// <summary>There is no first command.</summary>
    None,

    /// <summary>
    /// SUBSCRIBE and its kin: nothing when they succeed (a push says so), an error when they fail. The PING behind them always
    /// answers and so says that they are done.
    /// </summary>
    ErrorOnly,

    /// <summary>CLIENT CACHING YES, which applies to the very next command alone: always a reply.</summary>
    Always,
}
