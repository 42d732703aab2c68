namespace Fettle.Databases.Sql;

/// <summary>What a piece of SQL text is.</summary>
internal enum SqlTokenKind
{
    /// <summary>A keyword or an unquoted name.</summary>
    Word,

    /// <summary>A name in double quotes, brackets or backticks; <see cref="SqlToken.Text"/> is the name itself.</summary>
    QuotedName,

    /// <summary>A string or blob literal, quotes included.</summary>
    String,

    Number,

    /// <summary>A parameter with its mark: <c>?</c>, <c>?3</c>, <c>@a</c>, <c>:a</c>, <c>$a</c>, <c>$1</c>.</summary>
    Parameter,

    /// <summary>An operator or a punctuation mark.</summary>
    Symbol,
}

/// <summary>One token: kind, text (unquoted for names) and where it stands in the source.</summary>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text, int Start, int Length)
{
    public bool IsWord(string word) => Kind == SqlTokenKind.Word && Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    public bool IsSymbol(string symbol) => Kind == SqlTokenKind.Symbol && Text == symbol;

    public bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName;

    public bool IsLiteral => Kind is SqlTokenKind.String or SqlTokenKind.Number;
}
