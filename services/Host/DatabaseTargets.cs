using Fettle.Databases;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary>Reads the <c>--database</c> option.</summary>
internal static class DatabaseTargets
{
    public static DatabaseAddress Parse(string text)
    {
        try
        {
            return DatabaseAddress.Parse(text);
        }
        catch (FormatException e)
        {
            throw new UserErrorException("--database: " + e.Message, ExitCode.Usage);
        }
    }

    /// <summary>The address of a database that is there: a SQLite file that is missing is an error, not a new empty file.</summary>
    public static DatabaseAddress ParseExisting(string text)
    {
        var address = Parse(text);
        return address.Engine == DatabaseEngine.Postgres || File.Exists(address.Value)
            ? address
            : throw new UserErrorException($"--database: the file {address.Value} does not exist; make one with 'fettle sample stocks --out {address.Value}'");
    }
}
