using Fettle.Tuning;
using Spectre.Console;

namespace Fettle.Cli.Tuning;

/// <summary>Talk on standard error: one living line on a terminal, one line per outcome elsewhere.</summary>
internal static class ProgressLine
{
    /// <param name="work">What reports.</param>
    /// <param name="asks">Whether a person will be asked meanwhile: a living line would write over the question.</param>
    public static async Task<T> ShowAsync<T>(Func<IProgress<TuningProgress>, Task<T>> work, bool asks = false)
    {
        if (Console.IsErrorRedirected || asks)
        {
            return await work(new Direct(p =>
            {
                if (p.Finished)
                {
                    Console.Error.WriteLine($"{p.Stage}: {p.Detail}");
                }
            }));
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Status().Spinner(Spinner.Known.Dots).StartAsync("starting", context => work(new Direct(p =>
        {
            if (p.Finished)
            {
                console.MarkupLine($"[bold]{Markup.Escape(p.Stage)}[/]  {Markup.Escape(p.Detail)}");
            }
            else
            {
                context.Status($"[bold]{Markup.Escape(p.Stage)}[/]  {Markup.Escape(p.Detail)}");
            }
        })));
    }

    /// <summary>Reports on the caller's thread: the framework's own Progress would reorder.</summary>
    sealed class Direct(Action<TuningProgress> report) : IProgress<TuningProgress>
    {
        public void Report(TuningProgress value) => report(value);
    }
}
