namespace Fettle.Services.Host;

/// <summary>
/// Ends this process when the one that started it is gone. The tuner holds the other end of standard input; the system closes it however the tuner
/// ends, kill −9 included, so no instance outlives its tuner and no process id is ever guessed.
/// </summary>
internal static class ParentWatch
{
    /// <summary>Set to 1 by whoever starts Host with a standard input of its own.</summary>
    public const string Variable = "FETTLE_EXIT_WITH_STDIN";

    public static void Start()
    {
        if (Environment.GetEnvironmentVariable(Variable) != "1")
        {
            return;
        }

        var input = Console.OpenStandardInput();
        var thread = new Thread(() =>
        {
            var buffer = new byte[64];
            while (input.Read(buffer) > 0)
            {
            }

            Environment.Exit(0);
        })
        { IsBackground = true, Name = "fettle-parent-watch" };
        thread.Start();
    }
}
