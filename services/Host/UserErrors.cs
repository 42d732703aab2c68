using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary>Turns what the services refuse into one line for the person at the terminal.</summary>
internal static class UserErrors
{
    /// <summary>A setting out of range is a usage error.</summary>
    public static T FromSettings<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new UserErrorException(FirstLine(e.Message), ExitCode.Usage);
        }
    }

    /// <summary>Unusable data, files and databases are errors of the surroundings.</summary>
    public static T FromData<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (IsSurroundings(e))
        {
            throw new UserErrorException(FirstLine(e.Message));
        }
    }

    public static async Task<T> FromDataAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (IsSurroundings(e))
        {
            throw new UserErrorException(FirstLine(e.Message));
        }
    }

    static bool IsSurroundings(Exception e) => e is InvalidDataException or IOException or UnauthorizedAccessException or System.Data.Common.DbException;

    /// <summary>Without the "(Parameter 'x')" that the runtime appends.</summary>
    static string FirstLine(string message)
    {
        var line = message.Split('\n')[0];
        var parameter = line.IndexOf(" (Parameter", StringComparison.Ordinal);
        return parameter < 0 ? line : line[..parameter];
    }
}
