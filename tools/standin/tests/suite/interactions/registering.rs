//! The commands of an application: registered, and what is wrong with them.

use expect_test::expect;

use crate::check;

#[test]
fn commands_are_registered_as_a_whole_or_one_by_one() {
    check(
        r#"GET /applications/{bot}/commands | name
         PUT /applications/{bot}/commands [{"name":"one","description":"d"},{"name":"two","description":"d","type":1},{"name":"Two","type":2}] | name type description
         POST /applications/{bot}/commands {"name":"two","description":"other"} | name description
         POST /applications/{bot}/commands {"name":"three","description":"d","default_member_permissions":32,"contexts":[0]} | default_member_permissions contexts dm_permission
         GET /applications/{bot}/commands | name description
         PUT /applications/{bot}/commands [{"name":"grüße_-'1","description":"d","options":null}] | name
         GET /applications/{bot}/commands | application_id name contexts default_member_permissions
         PUT /applications/{bot}/commands []
         GET /applications/{bot}/commands | name
         GET /applications/{alice}/commands | code message
         PUT /applications/{bot}/commands {} | code errors"#,
        expect![[r#"
            > GET /applications/{bot}/commands | name
              200 []
            > PUT /applications/{bot}/commands [{"name":"one","description":"d"},{"name":"two","description":"d","type":1},{"name":"Two","type":2}] | name type description
              200 [one 1 d; two 1 d; Two 2 ]
            > POST /applications/{bot}/commands {"name":"two","description":"other"} | name description
              200 two other
            > POST /applications/{bot}/commands {"name":"three","description":"d","default_member_permissions":32,"contexts":[0]} | default_member_permissions contexts dm_permission
              201 32 [0] true
            > GET /applications/{bot}/commands | name description
              200 [one d; two other; Two ; three d]
            > PUT /applications/{bot}/commands [{"name":"grüße_-'1","description":"d","options":null}] | name
              200 [grüße_-'1]
            > GET /applications/{bot}/commands | application_id name contexts default_member_permissions
              200 [{bot} grüße_-'1 null null]
            > PUT /applications/{bot}/commands []
              200
            > GET /applications/{bot}/commands | name
              200 []
            > GET /applications/{alice}/commands | code message
              403 20012 You are not authorized to perform this action on this application
            > PUT /applications/{bot}/commands {} | code errors
              400 50035 {"_errors":[{"code":"LIST_TYPE_CONVERT","message":"Only iterables may be used in a ListType"}]}
        "#]],
    );
}

#[test]
fn what_is_wrong_with_a_command_is_said_where_it_is() {
    check(
        r#"POST /applications/{bot}/commands {} | code errors.name._errors.0.code errors.description._errors.0.code
         POST /applications/{bot}/commands {"name":"Upper","description":"d"} | errors.name._errors.0.message
         POST /applications/{bot}/commands {"name":"two words","description":"d"} | errors.name._errors.0.code
         POST /applications/{bot}/commands {"name":"a234567890123456789012345678901234","description":"d"} | errors.name._errors.0.message
         POST /applications/{bot}/commands {"name":"a","description":""} | errors.description._errors.0.message
         POST /applications/{bot}/commands {"name":"a","description":"d","type":9} | errors.type._errors.0.message
         POST /applications/{bot}/commands {"name":"a","description":"d","contexts":[]} | errors.contexts._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d"},{"name":"a","description":"e"}] | errors.1._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":3,"name":"x","description":"d"},{"type":3,"name":"y","description":"d","required":true}]}] | errors.0.options.1._errors.0.message
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":3,"name":"x","description":"d"},{"type":3,"name":"x","description":"d"}]}] | errors.0.options.1.name._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":12,"name":"x","description":"d"}]}] | errors.0.options.0.type._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":1,"name":"x","description":"d"},{"type":3,"name":"y","description":"d"}]}] | errors.0.options.1.type._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":1,"name":"x","description":"d","options":[{"type":1,"name":"y","description":"d"}]}]}] | errors.0.options.0.options.0.type._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":4,"name":"x","description":"d","choices":[{"name":"one","value":"1"}]}]}] | errors.0.options.0.choices.0.value._errors.0.code
         GET /applications/{bot}/commands | name"#,
        expect![[r#"
            > POST /applications/{bot}/commands {} | code errors.name._errors.0.code errors.description._errors.0.code
              400 50035 BASE_TYPE_REQUIRED BASE_TYPE_REQUIRED
            > POST /applications/{bot}/commands {"name":"Upper","description":"d"} | errors.name._errors.0.message
              400 Command name is invalid
            > POST /applications/{bot}/commands {"name":"two words","description":"d"} | errors.name._errors.0.code
              400 APPLICATION_COMMAND_INVALID_NAME
            > POST /applications/{bot}/commands {"name":"a234567890123456789012345678901234","description":"d"} | errors.name._errors.0.message
              400 Must be between 1 and 32 in length.
            > POST /applications/{bot}/commands {"name":"a","description":""} | errors.description._errors.0.message
              400 Must be between 1 and 100 in length.
            > POST /applications/{bot}/commands {"name":"a","description":"d","type":9} | errors.type._errors.0.message
              400 Value must be one of {1, 2, 3}.
            > POST /applications/{bot}/commands {"name":"a","description":"d","contexts":[]} | errors.contexts._errors.0.code
              400 BASE_TYPE_CHOICES
            > PUT /applications/{bot}/commands [{"name":"a","description":"d"},{"name":"a","description":"e"}] | errors.1._errors.0.code
              400 APPLICATION_COMMANDS_DUPLICATE_NAME
            > PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":3,"name":"x","description":"d"},{"type":3,"name":"y","description":"d","required":true}]}] | errors.0.options.1._errors.0.message
              400 Required options must be placed before non-required options
            > PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":3,"name":"x","description":"d"},{"type":3,"name":"x","description":"d"}]}] | errors.0.options.1.name._errors.0.code
              400 APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS
            > PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":12,"name":"x","description":"d"}]}] | errors.0.options.0.type._errors.0.code
              400 BASE_TYPE_CHOICES
            > PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":1,"name":"x","description":"d"},{"type":3,"name":"y","description":"d"}]}] | errors.0.options.1.type._errors.0.code
              400 APPLICATION_COMMAND_OPTIONS_TYPE_INVALID
            > PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":1,"name":"x","description":"d","options":[{"type":1,"name":"y","description":"d"}]}]}] | errors.0.options.0.options.0.type._errors.0.code
              400 APPLICATION_COMMAND_OPTIONS_TYPE_INVALID
            > PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":4,"name":"x","description":"d","choices":[{"name":"one","value":"1"}]}]}] | errors.0.options.0.choices.0.value._errors.0.code
              400 APPLICATION_COMMAND_OPTIONS_CHOICES_TYPE_INVALID
            > GET /applications/{bot}/commands | name
              200 []
        "#]],
    );
}
