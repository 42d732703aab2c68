using Fettle.Tuning;

namespace Fettle.Cli.Tuning;

/// <summary>Asks on standard error and reads the answer from the terminal; without one there is nobody to ask.</summary>
internal static class Questions
{
    /// <param name="yes">Every question but one about a high risk is answered yes.</param>
    public static Func<TuningQuestion, bool>? Ask(bool yes)
    {
        Func<TuningQuestion, bool>? person = Console.IsInputRedirected ? null : AskPerson;
        return yes ? q => q.Risk != "high" || (person?.Invoke(q) ?? false) : person;
    }

    static bool AskPerson(TuningQuestion question)
    {
        Console.Error.WriteLine();
        Console.Error.WriteLine($"{question.Title} (risk {question.Risk}) on {question.Where}:");
        foreach (var statement in question.Statements)
        {
            Console.Error.WriteLine($"  {statement}");
        }

        Console.Error.Write("apply? [y/N] ");
        return Console.In.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
