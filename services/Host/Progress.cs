using Spectre.Console;

namespace Fettle.Services.Host;

/// <summary>A progress bar on standard error; nothing when standard error is not a terminal.</summary>
internal static class Progress
{
    public static T Run<T>(string title, int total, Func<IProgress<int>?, T> work) =>
        RunAsync(title, total, progress => Task.FromResult(work(progress))).GetAwaiter().GetResult();

    public static async Task<T> RunAsync<T>(string title, int total, Func<IProgress<int>?, Task<T>> work)
    {
        if (Console.IsErrorRedirected)
        {
            return await work(null);
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                var bar = context.AddTask(title, maxValue: total);
                return work(new Direct(done => bar.Value = done));
            });
    }

    /// <summary>Reports on the caller's thread: the framework's own Progress would reorder.</summary>
    sealed class Direct(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}
